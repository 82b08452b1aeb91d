/* Found by pkg-config; only CMPI includes mpi.h. */
