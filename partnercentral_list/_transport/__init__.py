"""How one page is fetched: transport over aiobotocore, retries, and parsing the response."""
