// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Finds blocks of decoded instructions and executes them.
final class RunLoop {
    private final Cpu cpu;
    private long instructions;

    RunLoop(Cpu cpu) {
        this.cpu = cpu;
    }

    long instructions() {
        return instructions;
    }

    int run() {
        throw new UnsupportedOperationException();
    }
}
