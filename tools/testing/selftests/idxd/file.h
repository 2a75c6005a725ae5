/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a queue's open file and its portal do for whoever has them: the process
 * that opened it, one that inherited it, one that it was sent to.
 */
#ifndef SELFTESTS_IDXD_FILE_H
#define SELFTESTS_IDXD_FILE_H

#include <stdbool.h>

#include "queue.h"

/** file_open_errno() - open a queue's file and close it; errno, or 0 */
int file_open_errno(const struct queue *queue);

/** file_map_errno() - map a portal of @fd and unmap it; errno, or 0 */
int file_map_errno(int fd);

/** file_write_errno() - submit an empty descriptor by write(); errno, or 0 */
int file_write_errno(int fd);

/** file_portal_signal() - submit an empty descriptor; the signal for it, or 0 */
int file_portal_signal(struct portal *portal);

/**
 * file_wait_signal() - wait until a touch of the portal raises a signal
 * @portal: of a file that has lost its queue, or is about to
 * @timeout_ms: at most that long
 *
 * Submits empty descriptors.  Return: the signal, or 0.
 */
int file_wait_signal(struct portal *portal, unsigned int timeout_ms);

/**
 * file_poll() - wait for something to happen to the file
 * @fd: open on a queue
 * @timeout_ms: 0: just look
 *
 * Return: the events, of which POLLHUP and POLLERR matter; 0: none in time.
 */
int file_poll(int fd, unsigned int timeout_ms);

/**
 * file_queue_of() - make a queue out of an open file, to open it anew
 * @queue: filled in
 * @like: what the file was opened on
 * @fd: of the calling process
 */
void file_queue_of(struct queue *queue, const struct queue *like, int fd);

/**
 * file_portal_copies() - does a copy submitted there arrive in the caller's mm?
 * @portal: mapped; not changed, so threads may share it
 */
bool file_portal_copies(const struct portal *portal);

/** file_send() - send @fd through a socket of AF_UNIX; 0 or -errno */
int file_send(int socket, int fd);

/** file_receive() - receive a file from file_send(); the descriptor or -1 */
int file_receive(int socket);

#endif
