"""The ground on which the platform is judged: a real API server with real kinds, and a fleet that KWOK plays."""
