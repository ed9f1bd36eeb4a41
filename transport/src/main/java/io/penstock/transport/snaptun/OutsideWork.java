package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.AddressRange;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a server has others do, who may block: judge tokens, allocate addresses and hold them.
///
/// Serves all tunnels of a server. May be called from any thread; results are told on whatever
/// thread they come about, always.
///
/// @param <T> what a valid token says
record OutsideWork<T>(
    SnapTunServerConfig config,
    TokenValidator<T> validator,
    AddressAllocator<T> allocator,
    Executor blocking) {

  private static final Logger LOG = LoggerFactory.getLogger(OutsideWork.class);

  void validate(String token, Consumer<TokenVerdict<T>> done) {
    run(() -> done.accept(verdict(token)), why -> done.accept(new TokenVerdict.Failed<>(why)));
  }

  void allocate(T claims, AddressRange wanted, Consumer<Allocation> done) {
    run(
        () -> done.accept(allocation(claims, wanted)),
        why -> done.accept(new Allocation.Refused(Allocation.Refused.Reason.REJECTED, why)));
  }

  void putOnHold(List<AllocationId> ids) {
    if (!ids.isEmpty()) {
      run(() -> ids.forEach(this::putOnHold), why -> LOG.warn("addresses are not held: {}", why));
    }
  }

  boolean continues(T established, T presented) {
    return validator.continues(established, presented);
  }

  private TokenVerdict<T> verdict(String token) {
    try {
      TokenVerdict<T> verdict = validator.validate(token, Instant.now());
      switch (verdict) {
        case TokenVerdict.Malformed<T>(String why) -> LOG.info("token refused: {}", why);
        case TokenVerdict.Failed<T>(String why) -> LOG.warn("token not judged: {}", why);
        case TokenVerdict.BadSignature<T>() -> LOG.info("token refused: bad signature");
        case TokenVerdict.Expired<T>() -> LOG.info("token refused: expired");
        case TokenVerdict.Valid<T> _ -> {}
      }
      return verdict;
    } catch (RuntimeException e) {
      LOG.error("the token validator failed", e);
      return new TokenVerdict.Failed<>("internal error");
    }
  }

  private Allocation allocation(T claims, AddressRange wanted) {
    try {
      return allocator.allocate(claims, wanted);
    } catch (RuntimeException e) {
      LOG.error("the address allocator failed", e);
      return new Allocation.Refused(Allocation.Refused.Reason.REJECTED, "internal error");
    }
  }

  private void putOnHold(AllocationId id) {
    try {
      if (!allocator.putOnHold(id)) {
        LOG.debug("nothing to hold: {}", id);
      }
    } catch (RuntimeException e) {
      LOG.error("the address allocator failed to hold {}", id, e);
    }
  }

  private void run(Runnable task, Consumer<String> refused) {
    try {
      blocking.execute(task);
    } catch (RejectedExecutionException _) {
      refused.accept("shutting down");
    }
  }
}
