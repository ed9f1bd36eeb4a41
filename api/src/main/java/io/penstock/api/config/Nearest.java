package io.penstock.api.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/// Finds the known word that somebody most likely meant.
final class Nearest {

  /// Longer words are no typing mistakes, and the search is quadratic.
  private static final int MAX_CHARS = 128;

  private Nearest() {}

  /// The closest candidate, if at most a third of the word's letters would have to change.
  static Optional<String> to(String word, Collection<String> candidates) {
    if (word.length() > MAX_CHARS) {
      return Optional.empty();
    }
    String plain = plain(word);
    int most = Math.max(1, plain.length() / 3);
    return candidates.stream()
        .map(candidate -> new Match(candidate, distance(plain, plain(candidate))))
        .filter(match -> match.distance <= most)
        .min(Comparator.comparingInt(Match::distance).thenComparing(Match::word))
        .map(Match::word);
  }

  private record Match(String word, int distance) {}

  private static String plain(String word) {
    return word.toLowerCase(Locale.ROOT).replace('-', '_');
  }

  /// Edits between two words, where swapping neighbours is one edit (optimal string alignment).
  static int distance(String a, String b) {
    int[] beforeLast = new int[b.length() + 1];
    int[] last = new int[b.length() + 1];
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        row[j] = Math.min(Math.min(row[j - 1], last[j]) + 1, last[j - 1] + (same ? 0 : 1));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
        }
      }
      int[] reused = beforeLast;
      beforeLast = last;
      last = row;
      row = reused;
    }
    return last[b.length()];
  }
}
