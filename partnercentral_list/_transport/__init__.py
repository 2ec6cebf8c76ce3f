"""The transport: fetches one page over aiobotocore, retries, and parses the response."""
