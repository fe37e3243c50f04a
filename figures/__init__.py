"""Pictures of predictions and measurements; data come in labelled, nothing is computed here."""
