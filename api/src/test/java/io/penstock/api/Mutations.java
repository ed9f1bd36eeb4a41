package io.penstock.api;

import java.util.Random;

/// Makes many wrong texts out of a right one, the same for the same seed.
public final class Mutations {

  private static final String LIKELY = "\"'\\{}[]()=,.:/%*?#@-_\n\r\t\0 ae09üß。／＊\uD800";

  private Mutations() {}

  public static String of(String text, Random random) {
    StringBuilder mutated = new StringBuilder(text);
    int edits = 1 + random.nextInt(6);
    for (int i = 0; i < edits; i++) {
      int at = random.nextInt(mutated.length() + 1);
      char c =
          random.nextInt(4) == 0
              ? (char) random.nextInt(0x10000)
              : LIKELY.charAt(random.nextInt(LIKELY.length()));
      switch (random.nextInt(4)) {
        case 0 -> mutated.insert(at, c);
        case 1 -> mutated.delete(at, Math.min(mutated.length(), at + 1 + random.nextInt(4)));
        case 2 -> mutated.insert(at, mutated.substring(at / 2, at));
        default -> {
          if (at < mutated.length()) {
            mutated.setCharAt(at, c);
          }
        }
      }
    }
    return mutated.toString();
  }
}
