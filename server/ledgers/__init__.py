"""What the lists of supplies, loans and signs share: filters, files, choosing a partner."""
