// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

/// The error numbers of Linux on x86-64 that its calls give Javisor, by name.
///
/// @see <a href="https://man7.org/linux/man-pages/man3/errno.3.html">errno(3)</a>
public enum Errno {
    EPERM(1), ENOENT(2), ESRCH(3), EINTR(4), EIO(5), ENXIO(6), E2BIG(7), EBADF(9), EAGAIN(11), ENOMEM(12), EACCES(13),
    EFAULT(14), EBUSY(16), EEXIST(17), ENODEV(19), EINVAL(22), EMFILE(24), ENOTTY(25), ENOSPC(28), ERANGE(34),
    ENOSYS(38), EOPNOTSUPP(95);

    /// The host's number.
    public final int number;

    Errno(int number) {
        this.number = number;
    }

    /// The name of an error number, or the number itself where it has none here.
    public static String nameOf(int number) {
        for (Errno errno : values()) {
            if (errno.number == number) {
                return errno.name();
            }
        }
        return "errno " + number;
    }
}
