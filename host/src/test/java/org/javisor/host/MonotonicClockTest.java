// SPDX-License-Identifier: Apache-2.0
package org.javisor.host;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class MonotonicClockTest {
    @Test
    @EnabledOnOs(OS.LINUX)
    void linuxHasTheClockThatJavaReads() {
        assertNotEquals(0, MonotonicClock.function());
    }
}
