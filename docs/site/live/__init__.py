"""Python in the pages: what is fetched and packed for it when the site is built, and what it runs and answers in a browser."""
