using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Headgate.App.CommandLine;

namespace Headgate.App.Backups;

/// <summary>Unpacks a backup, which may have come from anywhere, and looks whether it is whole.</summary>
internal static class BackupReader
{
    private const int LargestManifest = 16 << 20;

    /// <summary>Unpacks a backup into an empty directory.</summary>
    /// <exception cref="CommandException">It is no backup, or not whole.</exception>
    /// <exception cref="IOException">It cannot be read, or the directory not be written.</exception>
    public static BackupManifest Unpack(string path, string directory)
    {
        var found = new Dictionary<string, BackupEntry>(StringComparer.Ordinal);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
        var isPacked = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        try
        {
            using Stream plain = isPacked ? new GZipStream(file, CompressionMode.Decompress) : file;
            using var archive = new TarReader(plain);
            while (archive.GetNextEntry() is { } entry)
            {
                if (entry.Name == BackupManifest.Name)
                    return Checked(path, Manifest(entry), found);
                var unpacked = Unpack(path, entry, directory);
                if (!found.TryAdd(entry.Name, unpacked))
                    throw Damaged(path, $"{Excerpt.Of(entry.Name)} is in it twice");
            }
        }
        catch (Exception failure) when (failure is InvalidDataException or FormatException or JsonException or EndOfStreamException)
        {
            throw Damaged(path, failure.Message);
        }
        throw Damaged(path, "it ends before its manifest");
    }

    private static BackupEntry Unpack(string path, TarEntry entry, string directory)
    {
        if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || !BackupNames.IsName(entry.Name))
            throw new CommandException(ExitCode.Input, $"{path}: {Excerpt.Of(entry.Name)} is no file of a service: this is no backup of headgate");
        var target = Path.Combine(directory, entry.Name);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 1 << 16 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(target, options);
        using var source = new BackupSource(entry.DataStream ?? Stream.Null);
        source.CopyTo(file);
        file.Flush(flushToDisk: true);
        return new BackupEntry(entry.Name, source.Position, source.Sha256());
    }

    private static BackupManifest Manifest(TarEntry entry)
    {
        if (entry.Length > LargestManifest)
            throw new InvalidDataException("its manifest is too large");
        using var bytes = new MemoryStream();
        entry.DataStream?.CopyTo(bytes);
        return BackupManifest.Read(bytes.ToArray());
    }

    private static BackupManifest Checked(string path, BackupManifest manifest, Dictionary<string, BackupEntry> found)
    {
        if (manifest.Version > BackupManifest.CurrentVersion)
            throw new CommandException(ExitCode.Input, $"{path}: was written by a newer version of headgate; restore it with that one");
        foreach (var entry in manifest.Files)
            if (!found.Remove(entry.Path, out var there))
                throw Damaged(path, $"{Excerpt.Of(entry.Path)} is missing");
            else if (there != entry)
                throw Damaged(path, $"{Excerpt.Of(entry.Path)} is not what was backed up");
        return found.Count == 0 ? manifest : throw Damaged(path, $"{Excerpt.Of(found.Keys.First())} is not in its manifest");
    }

    private static CommandException Damaged(string path, string what) => new(ExitCode.Input, $"{path}: is damaged: {what.TrimEnd('.')}; nothing was restored. Take another backup");
}
