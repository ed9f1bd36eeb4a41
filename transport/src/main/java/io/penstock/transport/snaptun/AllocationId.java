package io.penstock.transport.snaptun;

/// What an allocator knows one allocation by; compared with `equals`.
///
/// Deviates from the original, whose id holds what was asked for, so that a wildcard may hit the
/// wrong allocation later: here the allocator alone says what is in it.
public interface AllocationId {}
