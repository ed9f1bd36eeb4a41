package io.penstock.transport.codervpn;

import com.google.protobuf.Message;
import io.penstock.protocol.codervpn.CallFault;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/// The futures of the calls that wait for their replies, by the ids that the engine gave them.
///
/// Used on the event loop.
final class CallTable<R extends Message> {

  private final Map<Long, Waiting<R, ?>> calls = new HashMap<>();

  /// @param typed what is wanted of the reply; empty when it is another one
  <T> void add(long id, CompletableFuture<T> result, Function<R, Optional<T>> typed) {
    calls.put(id, new Waiting<>(result, typed));
  }

  /// The id of the call that has this future, if it still waits.
  @SuppressWarnings("ReferenceEquality") // a future is equal to itself alone
  OptionalLong find(CompletableFuture<?> result) {
    return calls.entrySet().stream()
        .filter(call -> call.getValue().result == result)
        .mapToLong(Map.Entry::getKey)
        .findFirst();
  }

  void replied(long id, R message) {
    Waiting<R, ?> call = calls.remove(id);
    if (call != null) {
      call.replied(message);
    }
  }

  void failed(long id, CallFault fault) {
    Waiting<R, ?> call = calls.remove(id);
    if (call != null) {
      call.result.completeExceptionally(new CallFailedException(fault));
    }
  }

  private record Waiting<R extends Message, T>(
      CompletableFuture<T> result, Function<R, Optional<T>> typed) {

    void replied(R message) {
      typed
          .apply(message)
          .ifPresentOrElse(
              result::complete,
              () ->
                  result.completeExceptionally(
                      new CallFailedException(CallFault.Plain.WRONG_REPLY)));
    }
  }
}
