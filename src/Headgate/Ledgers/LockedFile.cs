using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Headgate.Ledgers;

/// <summary>
/// Files with an advisory lock (flock on Unix, sharing on Windows), which ends with the handle, so with the process whatever it dies of.
/// </summary>
internal static partial class LockedFile
{
    private const int WouldBlockOnLinux = 11;
    private const int WouldBlockOnMac = 35;
    private const int SharingViolation = unchecked((int)0x80070020);

    /// <summary>Opens for writing, as the only writer; null if another process, or another handle of this one, holds it.</summary>
    public static SafeFileHandle? TryOpenAlone(string path, FileMode mode) =>
        TryOpen(path, mode, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None);

    /// <summary>Holds a lock file, alone or with others that hold it shared; null if it is held otherwise.</summary>
    public static SafeFileHandle? TryLock(string path, bool isShared) =>
        isShared ? TryOpen(path, FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read) : TryOpen(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    /// <summary>
    /// Opens for reading beside a writer. On Unix .NET takes a shared lock even with <see cref="FileShare.ReadWrite"/>, which a
    /// writer's lock refuses; so the file is opened by the system's own call.
    /// </summary>
    public static FileStream OpenToRead(string path)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.SequentialScan);
        const int closeOnExecLinux = 0x80000, closeOnExecMac = 0x1000000;
        var handle = Open(path, OperatingSystem.IsLinux() ? closeOnExecLinux : closeOnExecMac);
        if (!handle.IsInvalid)
            return new FileStream(handle, FileAccess.Read, 1);
        var error = Marshal.GetLastPInvokeErrorMessage();
        handle.Dispose();
        throw File.Exists(path) ? new IOException($"{path}: {error}") : new FileNotFoundException($"{path}: {error}", path);
    }

    /// <summary>How long the file is that a path leads to now; null if there is none any more.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static long? LengthAt(string path)
    {
        try
        {
            using var file = OpenToRead(path);
            return file.Length;
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// Gives a finished file its name, or, where the name is taken, deletes it and says false. <see cref="File.Move(string, string)"/> looks first
    /// and renames then, so that of two at once the second replaces what the first already uses; link(2) does it in one step. Where a
    /// file system knows no links (FAT), the move is all there is.
    /// </summary>
    public static bool TryName(string aside, string path)
    {
        var named = !OperatingSystem.IsWindows() && Link(aside, path) == 0;
        if (named || File.Exists(path))
        {
            File.Delete(aside);
            return named;
        }
        try
        {
            File.Move(aside, path, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(aside);
            return false;
        }
    }

    private static SafeFileHandle? TryOpen(string path, FileMode mode, FileAccess access, FileShare share)
    {
        try
        {
            return File.OpenHandle(path, mode, access, share);
        }
        catch (IOException error) when (error.HResult is WouldBlockOnLinux or WouldBlockOnMac or SharingViolation)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);
}
