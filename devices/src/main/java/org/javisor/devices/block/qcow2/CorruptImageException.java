// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.qcow2;

import java.io.IOException;

/// An image's tables contradict themselves. It must not be written any more.
final class CorruptImageException extends IOException {
    private static final long serialVersionUID = 1L;

    CorruptImageException(String message) {
        super("the image is corrupt: " + message);
    }
}
