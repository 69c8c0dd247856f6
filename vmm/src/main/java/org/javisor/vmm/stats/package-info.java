// SPDX-License-Identifier: Apache-2.0

/// Statistics that describe themselves, as those of KVM do: a reader needs to know no name beforehand.
package org.javisor.vmm.stats;
