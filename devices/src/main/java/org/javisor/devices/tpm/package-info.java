// SPDX-License-Identifier: Apache-2.0

/// A trusted platform module: the registers by which a guest reaches it, and the process that is one.
package org.javisor.devices.tpm;
