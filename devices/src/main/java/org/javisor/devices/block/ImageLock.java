// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block;

import java.nio.file.Path;
import org.javisor.host.HostException;
import org.javisor.host.HostFile;
import org.javisor.memory.ConfigurationException;

/// Locks on single bytes of an image, with QEMU's meaning of them, so that neither starts on what the other has open.
///
/// A shared lock on byte 100 + n says: I do this. One on byte 200 + n says: nobody else may do this. What it is:
///
/// | n | what |
/// |---|---|
/// | 0 | read, and expect what is read to stay |
/// | 1 | write |
/// | 3 | change the length |
///
/// Locks are set first and then it is looked who else has some, so of two who start at once at most one succeeds.
final class ImageLock {
    private static final int DOES = 100, FORBIDS = 200;
    private static final int READ = 0, WRITE = 1, RESIZE = 3;

    private ImageLock() { }

    /// @throws ConfigurationException if the image is in use in a way that does not go together
    static void take(Path path, HostFile file, boolean readOnly) {
        try {
            if (!lock(file, readOnly)) {
                throw new ConfigurationException("disk " + path
                        + ": is in use by another machine or program; stop that first"
                        + (readOnly ? "" : ", or open it read-only in both"));
            }
        } catch (HostException _) {
            // A file system without such locks: whoever mounts one knows that nobody is kept out.
        }
    }

    private static boolean lock(HostFile file, boolean readOnly) {
        int[] does = readOnly ? new int[] {READ} : new int[] {READ, WRITE, RESIZE};
        int[] forbids = {WRITE, RESIZE};
        for (int what : does) {
            if (!file.lockShared(DOES + what)) {
                return false;
            }
        }
        for (int what : forbids) {
            if (!file.lockShared(FORBIDS + what)) {
                return false;
            }
        }
        for (int what : does) {
            if (file.lockedByOthers(FORBIDS + what)) {
                return false;
            }
        }
        for (int what : forbids) {
            if (file.lockedByOthers(DOES + what)) {
                return false;
            }
        }
        return true;
    }
}
