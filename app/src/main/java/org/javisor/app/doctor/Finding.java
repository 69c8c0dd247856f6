// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.doctor;

/// Something about this machine.
///
/// @param what   it is about, in a word or two
/// @param text   what is so
/// @param advice what to do to have it better; null if nothing
record Finding(String what, Level level, String text, String advice) {
    /// How good it is.
    enum Level {
        OK,
        /// Javisor runs, but something does not, or is slower than it could be.
        NOTE,
        /// Javisor cannot run.
        BAD
    }

    static Finding ok(String what, String text) {
        return new Finding(what, Level.OK, text, null);
    }

    static Finding note(String what, String text, String advice) {
        return new Finding(what, Level.NOTE, text, advice);
    }

    static Finding bad(String what, String text, String advice) {
        return new Finding(what, Level.BAD, text, advice);
    }
}
