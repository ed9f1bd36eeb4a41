package io.penstock.node.serve;

import java.nio.channels.FileChannel;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Whether and how much of a file is sent (RFC 9110 sections 13 and 14).
///
/// Files have no entity tag here, as in the original, so no tag that a visitor names is theirs.
final class FileConditions {

  private static final DateTimeFormatter IMF_FIXDATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT);

  private static final Pattern ONE_RANGE =
      Pattern.compile("bytes=\\s*([0-9]{0,18})\\s*-\\s*([0-9]{0,18})\\s*");

  private static final Pattern RANGES = Pattern.compile("bytes=[0-9,\\s-]+");

  private FileConditions() {}

  /// The answer for an open file, which is its body unless nothing of it is to be sent.
  static FileAnswer answer(
      FileRequest request, Instant modified, long size, String type, FileChannel file) {
    FileRequest.Conditions conditions = request.conditions();
    if (isPreconditionFailed(conditions, modified)) {
      return FileAnswer.of(Answer.error(412, "The precondition failed."));
    }
    if (isUnmodified(conditions, modified)) {
      return FileAnswer.of(described(304, modified));
    }
    Optional<String> range = conditions.range().filter(_ -> rangeApplies(conditions, modified));
    if (range.isEmpty() || (RANGES.matcher(range.get()).matches() && range.get().contains(","))) {
      return whole(modified, size, type, file);
    }
    Matcher one = ONE_RANGE.matcher(range.get());
    if (!one.matches() || (one.group(1).isEmpty() && one.group(2).isEmpty())) {
      return unsatisfiable(size);
    }
    long from;
    long to;
    if (one.group(1).isEmpty()) {
      long last = Math.min(Long.parseLong(one.group(2)), size);
      from = size - last;
      to = size - 1;
      if (last == 0) {
        return unsatisfiable(size);
      }
    } else {
      from = Long.parseLong(one.group(1));
      to = one.group(2).isEmpty() ? size - 1 : Long.parseLong(one.group(2));
      if (to < from && !one.group(2).isEmpty()) {
        return unsatisfiable(size);
      }
      to = Math.min(to, size - 1);
    }
    if (size == 0) {
      return whole(modified, size, type, file);
    }
    if (from >= size) {
      return unsatisfiable(size);
    }
    Answer answer =
        described(206, modified)
            .field("Content-Type", type)
            .field("Content-Range", "bytes %d-%d/%d".formatted(from, to, size));
    return new FileAnswer(answer, Optional.of(new FileAnswer.Body(file, from, to - from + 1)));
  }

  private static FileAnswer whole(Instant modified, long size, String type, FileChannel file) {
    Answer answer = described(200, modified).field("Content-Type", type);
    return new FileAnswer(answer, Optional.of(new FileAnswer.Body(file, 0, size)));
  }

  private static FileAnswer unsatisfiable(long size) {
    return FileAnswer.of(
        Answer.error(416, "The range is malformed or outside of the file.")
            .field("Content-Range", "bytes */" + size));
  }

  private static Answer described(int status, Instant modified) {
    return new Answer(status)
        .field("Accept-Ranges", "bytes")
        .field("Last-Modified", httpDate(modified));
  }

  private static boolean isPreconditionFailed(FileRequest.Conditions conditions, Instant modified) {
    if (conditions.ifMatch().isPresent()) {
      return !conditions.ifMatch().get().strip().equals("*");
    }
    Optional<Instant> limit = conditions.ifUnmodifiedSince().flatMap(FileConditions::date);
    return limit.isPresent() && seconds(modified).isAfter(limit.get());
  }

  /// Says whether the visitor has it already.
  static boolean isUnmodified(FileRequest.Conditions conditions, Instant modified) {
    if (conditions.ifNoneMatch().isPresent()) {
      return conditions.ifNoneMatch().get().strip().equals("*");
    }
    Optional<Instant> known = conditions.ifModifiedSince().flatMap(FileConditions::date);
    return known.isPresent() && !seconds(modified).isAfter(known.get());
  }

  private static boolean rangeApplies(FileRequest.Conditions conditions, Instant modified) {
    return conditions.ifRange().isEmpty()
        || conditions
            .ifRange()
            .flatMap(FileConditions::date)
            .filter(date -> date.equals(seconds(modified)))
            .isPresent();
  }

  static String httpDate(Instant time) {
    return IMF_FIXDATE.format(time.atOffset(ZoneOffset.UTC));
  }

  private static Optional<Instant> date(String text) {
    try {
      return Optional.of(
          ZonedDateTime.parse(text.strip(), DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
    } catch (DateTimeException _) {
      return Optional.empty();
    }
  }

  private static Instant seconds(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS);
  }
}
