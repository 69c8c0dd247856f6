// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.block.zstd;

import java.io.IOException;

/// Compressed data that no compressor makes.
public final class DamagedException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedException() {
        super("zstd data is damaged");
    }
}
