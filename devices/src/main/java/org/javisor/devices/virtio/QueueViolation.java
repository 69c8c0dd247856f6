// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.virtio;

/// A driver broke a rule of the queue, so that its requests can no longer be told apart. The device needs a
/// reset. Carries no stack trace: guests can cause it at will.
public final class QueueViolation extends Exception {
    private static final long serialVersionUID = 1L;

    public QueueViolation(String rule) {
        super(rule, null, false, false);
    }
}
