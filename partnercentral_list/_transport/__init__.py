"""How one page is fetched: transport over aiobotocore, retries, and what an answer means."""
