// SPDX-License-Identifier: Apache-2.0

/// From a device's address to a page: tables in guest memory, and what is kept of them. Knows of no IOMMU's registers.
package org.javisor.passthrough.paging;
