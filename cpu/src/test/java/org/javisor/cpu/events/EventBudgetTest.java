// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu.events;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class EventBudgetTest {
    @Test
    void fewAreAllRecorded() {
        EventBudget budget = new EventBudget(20_000);
        for (int n = 0; n < 200; n++) {
            assertTrue(budget.take(), "event " + n);
        }
    }

    @Test
    @Timeout(60)
    void ofManyThereIsRoomForSomeOnly() {
        EventBudget budget = new EventBudget(1_000);
        while (budget.take()) {
            Thread.onSpinWait();
        }
        while (!budget.take()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void toAskTakesNothing() {
        EventBudget budget = new EventBudget(1_000);
        for (int n = 0; n < 1_000; n++) {
            assertTrue(budget.hasRoom());
        }
    }
}
