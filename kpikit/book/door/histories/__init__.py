"""Every shape in which exports keep a stage history, each as stage events: one module a shape."""
