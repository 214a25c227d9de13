"""Language server: translates between the protocol and the layers below, decides nothing."""
