"""The Service part of the node agent: listens on cluster addresses and balances over ready endpoints."""
