"""The only place that sees grpc: servers, services, clients, TLS."""
