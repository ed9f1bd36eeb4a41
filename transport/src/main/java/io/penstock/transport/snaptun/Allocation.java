package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.AddressRange;

/// What an allocator answers.
public sealed interface Allocation {

  /// The address is the client's.
  ///
  /// @param address concrete, with a concrete ISD-AS
  record Granted(AllocationId id, AddressRange address) implements Allocation {
    public Granted {
      if (address.isAny()) {
        throw new IllegalArgumentException("granted " + address + ", allowed is one address");
      }
    }
  }

  /// The address is not given.
  ///
  /// @param why a few words for the log; a client that asked for several addresses is told
  record Refused(Reason reason, String why) implements Allocation {

    /// The kinds of refusals.
    public enum Reason {
      /// Nobody gives addresses of that ISD-AS here.
      NO_SUCH_ISD_AS,
      /// Somebody else has it.
      ALREADY_REGISTERED,
      /// It is none of ours.
      NOT_IN_RANGE,
      /// It is ours, but not of that ISD-AS.
      ISD_AS_NOT_IN_RANGE,
      /// All are taken.
      NONE_AVAILABLE,
      /// For this client or this connection, not.
      REJECTED
    }
  }
}
