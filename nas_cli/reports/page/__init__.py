"""Self-contained HTML pages: no network, light and dark, from phone to desk."""
