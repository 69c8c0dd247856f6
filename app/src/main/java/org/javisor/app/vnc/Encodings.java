// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.util.ArrayList;
import java.util.List;

/// The encodings of one client, made when it first wants them.
final class Encodings implements AutoCloseable {
    private final List<Encoding> made = new ArrayList<>();

    static boolean knows(int number) {
        return switch (number) {
            case RawEncoding.NUMBER, HextileEncoding.NUMBER, TightEncoding.NUMBER, ZrleEncoding.NUMBER -> true;
            default -> false;
        };
    }

    /// The encoding that is wanted, tuned as is wanted.
    Encoding get(Wishes.Pictures wanted) {
        Encoding encoding = made.stream().filter(e -> e.number() == wanted.encoding()).findFirst()
                .orElseGet(() -> make(wanted.encoding()));
        if (encoding instanceof TightEncoding tight) {
            tight.tune(wanted.level(), wanted.quality());
        } else if (encoding instanceof ZrleEncoding zrle) {
            zrle.tune(wanted.level());
        }
        return encoding;
    }

    private Encoding make(int number) {
        Encoding encoding = switch (number) {
            case HextileEncoding.NUMBER -> new HextileEncoding();
            case TightEncoding.NUMBER -> new TightEncoding();
            case ZrleEncoding.NUMBER -> new ZrleEncoding();
            default -> new RawEncoding();
        };
        made.add(encoding);
        return encoding;
    }

    @Override
    public void close() {
        made.forEach(Encoding::close);
    }
}
