package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.AddressRange;

/// Gives addresses to clients and takes them back.
///
/// All methods may block; they are called on the executor given to the server, several at once.
///
/// @param <T> what a valid token says
public interface AddressAllocator<T> {

  /// Gives an address.
  ///
  /// A client that has it already, by the same claims, is given it again.
  ///
  /// @param wanted one address, or any of a family; its ISD-AS is the wildcard if the client named
  ///   none
  Allocation allocate(T claims, AddressRange wanted);

  /// Keeps the address for its client for some time, because the tunnel that had it is over.
  ///
  /// @return whether there was such an allocation
  boolean putOnHold(AllocationId id);

  /// Takes the address back at once; a server never does, its owner may.
  ///
  /// @return whether there was such an allocation
  boolean deallocate(AllocationId id);
}
