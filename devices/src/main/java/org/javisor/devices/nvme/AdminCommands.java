// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.nvme;

import java.lang.foreign.MemorySegment;
import org.javisor.memory.DmaSpace;

/// The admin commands.
///
/// @nvme 1.4 §5 "Admin Command Set"
final class AdminCommands implements CommandSet {
    private static final int RETAIN_EVENT = 1 << 15, NOT_ABORTED = 1;

    /// What commands need of the controller.
    interface Controller {
        QueueTable queues();

        ShadowDoorbells shadows();

        /// Present controller configuration.
        int configuration();

        /// How many interrupt vectors there are.
        int vectors();

        /// A submission queue is gone.
        void pinMayFall();

        /// There may be events to deliver.
        void wakeEvents();

        /// An event request ends without an event.
        ///
        /// @return whether there was room for its completion
        boolean endRequest(int command);
    }

    private final Controller controller;
    private final PrpReader prps;
    private final IdentifyPages identity;
    private final Features features;
    private final LogPages logs;
    private final AsynchronousEvents events;

    AdminCommands(Controller controller, DmaSpace memory, IdentifyPages identity, Features features, LogPages logs,
                  AsynchronousEvents events) {
        this.controller = controller;
        this.prps = new PrpReader(memory, NvmeLayout.pageShift(controller.configuration()));
        this.identity = identity;
        this.features = features;
        this.logs = logs;
        this.events = events;
    }

    @Override
    public int execute(Command command) {
        QueueTable queues = controller.queues();
        int configuration = controller.configuration();
        return switch (command.opcode()) {
            case NvmeLayout.DELETE_SUBMISSION_QUEUE -> queues.deleteSubmission(command.dword(10) & 0xffff);
            case NvmeLayout.CREATE_SUBMISSION_QUEUE -> queues.createSubmission(command, configuration);
            case NvmeLayout.GET_LOG_PAGE -> getLogPage(command);
            case NvmeLayout.DELETE_COMPLETION_QUEUE -> deleteCompletionQueue(command);
            case NvmeLayout.CREATE_COMPLETION_QUEUE ->
                    queues.createCompletion(command, configuration, controller.vectors());
            case NvmeLayout.IDENTIFY -> identify(command);
            case NvmeLayout.ABORT -> abort(command);
            case NvmeLayout.SET_FEATURES -> setFeatures(command);
            case NvmeLayout.GET_FEATURES -> features.get(command);
            case NvmeLayout.ASYNCHRONOUS_EVENT_REQUEST -> requestEvent(command);
            case NvmeLayout.DOORBELL_BUFFER_CONFIG -> shadowDoorbells(command);
            default -> Status.INVALID_OPCODE;
        };
    }

    private int deleteCompletionQueue(Command command) {
        int status = controller.queues().deleteCompletion(command.dword(10) & 0xffff);
        controller.pinMayFall();
        return status;
    }

    private int identify(Command command) {
        int cns = command.dword(10) & 0xff;
        int namespace = command.namespace();
        if (IdentifyPages.ofNamespace(cns) && namespace != NvmeLayout.NAMESPACE
                || !IdentifyPages.validStart(cns, namespace)) {
            return Status.INVALID_NAMESPACE;
        }
        byte[] page = identity.page(cns, namespace);
        return page == null ? Status.INVALID_FIELD : give(command, page, 0, page.length);
    }

    private int getLogPage(Command command) {
        byte[] page = logs.page(command.dword(10) & 0xff);
        if (page == null) {
            return Status.INVALID_LOG_PAGE;
        }
        if (command.namespace() != 0 && command.namespace() != NvmeLayout.ALL_NAMESPACES) {
            return Status.INVALID_FIELD;
        }
        long bytes = (command.dword(10) >>> 16 | (command.dword(11) & 0xffffL) << 16) + 1 << 2;
        long offset = command.quad(12);
        if ((offset & 3) != 0 || Long.compareUnsigned(offset, page.length) > 0 || bytes > NvmeLayout.MAX_TRANSFER) {
            return Status.INVALID_FIELD;
        }
        int status = give(command, page, (int) offset, (int) bytes);
        if (status == Status.SUCCESS && (command.dword(10) & RETAIN_EVENT) == 0) {
            events.read(command.dword(10));
            controller.wakeEvents();
        }
        return status;
    }

    /// Fills the driver's buffer of `bytes` bytes from `page`, and with zeros behind its end.
    private int give(Command command, byte[] page, int from, int bytes) {
        int status = prps.find(command, bytes, true);
        if (status != Status.SUCCESS) {
            return status;
        }
        byte[] content = new byte[bytes];
        System.arraycopy(page, from, content, 0, Math.min(bytes, page.length - from));
        prps.data().vector(bytes).copyFrom(MemorySegment.ofArray(content));
        prps.data().written(bytes);
        return Status.SUCCESS;
    }

    /// Commands of I/O queues are done before they can be aborted; what waits are event requests.
    private int abort(Command command) {
        int request = command.dword(10) >>> 16;
        boolean waits = (command.dword(10) & 0xffff) == 0 && events.abort(request);
        boolean aborted = waits && controller.endRequest(request);
        if (waits && !aborted) {
            events.request(request);
        }
        command.result = aborted ? 0 : NOT_ABORTED;
        return Status.SUCCESS;
    }

    private int shadowDoorbells(Command command) {
        long page = 1L << NvmeLayout.pageShift(controller.configuration());
        if (((command.prp1() | command.prp2()) & page - 1) != 0
                || !controller.shadows().use(command.prp1(), command.prp2())) {
            return Status.INVALID_FIELD;
        }
        controller.queues().shadowed();
        return Status.SUCCESS;
    }

    private int setFeatures(Command command) {
        int status = features.set(command);
        if (status == Status.SUCCESS && features.temperatureOutOfRange()
                && (features.value(Feature.ASYNCHRONOUS_EVENTS) & 2) != 0) {
            events.happen(AsynchronousEvents.TEMPERATURE);
            controller.wakeEvents();
        }
        return status;
    }

    private int requestEvent(Command command) {
        int status = events.request(command.id());
        controller.wakeEvents();
        return status;
    }
}
