package dev.plumb.hub;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Says in words what an {@link IOException} means; those of the file system carry little more than a path. */
final class IoFault {
    private IoFault() {}

    static String reason(IOException fault) {
        if (fault instanceof NoSuchFileException) {
            return "there is no such file or folder";
        }
        if (fault instanceof AccessDeniedException) {
            return "access is denied";
        }
        if (fault instanceof FileAlreadyExistsException) {
            return "a file of that name stands in the way";
        }
        if (fault instanceof DirectoryNotEmptyException) {
            return "a folder with content stands in the way";
        }
        String said = fault instanceof FileSystemException system && system.getReason() != null
                ? system.getReason()
                : fault.getMessage();
        return said == null ? fault.getClass().getSimpleName() : said;
    }
}
