"""The chain's own certificate authority: who asks gets its certificate, who is a known server gets one of its own."""
