"""Where bytes come from and go to: sources, uploads, outputs, storage."""
