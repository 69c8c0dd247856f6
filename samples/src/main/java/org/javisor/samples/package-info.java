// SPDX-License-Identifier: Apache-2.0

/// Small guests, from the one that every article about KVM has to one that is stepped through. `samples/run` starts
/// them from their source.
package org.javisor.samples;
