//! The flow that all brokers share.
