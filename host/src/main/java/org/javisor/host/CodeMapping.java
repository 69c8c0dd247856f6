// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

/// Memory for machine code: executed at one address, written at the same or, where the host lets no memory be both
/// writable and executable, at another that reaches the same bytes.
///
/// Writing through one address and executing at the other needs no more than the architecture asks of self-modifying
/// code on one: x86 processors keep track of physical addresses.
public final class CodeMapping implements AutoCloseable {
    /// How memory is made.
    public enum Kind {
        /// One mapping that may be written and executed.
        ONE,
        /// Two mappings of one file in memory: one may be written, the other executed.
        TWO
    }

    private final Mapping executable;
    /// The same as [#executable] for [Kind#ONE].
    private final Mapping writable;

    private CodeMapping(Mapping executable, Mapping writable) {
        this.executable = executable;
        this.writable = writable;
    }

    /// Zeroed memory of the first kind that the host permits.
    ///
    /// @param bytes a positive multiple of [Mapping#PAGE_BYTES]
    /// @throws HostException where its policy refuses all
    public static CodeMapping open(long bytes) {
        try {
            return open(bytes, Kind.ONE);
        } catch (HostException refused) {
            try {
                return open(bytes, Kind.TWO);
            } catch (HostException e) {
                e.addSuppressed(refused);
                throw e;
            }
        }
    }

    /// Zeroed memory of one kind.
    ///
    /// @throws HostException where the host's policy refuses it
    public static CodeMapping open(long bytes, Kind kind) {
        if (kind == Kind.ONE) {
            Mapping both = Mapping.executable(bytes);
            return new CodeMapping(both, both);
        }
        Mapping writable = Mapping.shared("javisor-code", bytes);
        try {
            return new CodeMapping(writable.executableTwin(), writable);
        } catch (HostException e) {
            writable.close();
            throw e;
        }
    }

    public Kind kind() {
        return executable == writable ? Kind.ONE : Kind.TWO;
    }

    /// Where the first byte is executed.
    public long hva() {
        return executable.hva();
    }

    public long bytes() {
        return executable.bytes();
    }

    /// What has to be added to the address where something is executed for that where it is written.
    public long toWritable() {
        return writable.hva() - executable.hva();
    }

    /// Nobody may be executing it.
    @Override
    public void close() {
        executable.close();
        writable.close();
    }
}
