// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

/// One request of `ioctl(2)`: its name, for people, and its number as Linux composes it.
///
/// ```
///  31 30 29           16 15       8 7        0
/// ┌─────┬───────────────┬──────────┬──────────┐
/// │ dir │     bytes     │   type   │  number  │
/// └─────┴───────────────┴──────────┴──────────┘
/// ```
///
/// @param name as in its header file
public record Ioctl(String name, int request) {
    private static final int WRITE = 1, READ = 2;
    private static final int TYPE_SHIFT = 8, BYTES_SHIFT = 16, DIRECTION_SHIFT = 30;
    private static final int MAX_BYTES = 1 << 14;

    /// `_IO`: the argument is a number, or nothing.
    public static Ioctl plain(String name, int type, int number) {
        return of(name, 0, type, number, 0);
    }

    /// `_IOW`: the kernel reads a structure of `bytes` bytes.
    public static Ioctl takes(String name, int type, int number, int bytes) {
        return of(name, WRITE, type, number, bytes);
    }

    /// `_IOR`: the kernel fills a structure of `bytes` bytes.
    public static Ioctl gives(String name, int type, int number, int bytes) {
        return of(name, READ, type, number, bytes);
    }

    /// `_IOWR`: the kernel reads a structure of `bytes` bytes and answers in it.
    public static Ioctl exchanges(String name, int type, int number, int bytes) {
        return of(name, READ | WRITE, type, number, bytes);
    }

    private static Ioctl of(String name, int direction, int type, int number, int bytes) {
        if (bytes < 0 || bytes >= MAX_BYTES) {
            throw new IllegalArgumentException(name + " with a structure of " + bytes + " bytes");
        }
        return new Ioctl(name, direction << DIRECTION_SHIFT | bytes << BYTES_SHIFT | type << TYPE_SHIFT | number);
    }
}
