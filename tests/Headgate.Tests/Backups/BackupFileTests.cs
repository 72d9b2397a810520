using System.Formats.Tar;
using System.Text;
using Headgate.App.Backups;
using Headgate.App.CommandLine;
using Headgate.Tests.Ledgers;

namespace Headgate.Tests.Backups;

/// <summary>A backup is read back as it was written; whatever else is given for one is refused.</summary>
public sealed class BackupFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_written_is_unpacked(bool isPacked)
    {
        Write("b", isPacked, ("headgate.db", "jobs"), ("ledgers/1.ledger", ""));

        var manifest = BackupReader.Unpack(_folder["b"], Directory.CreateDirectory(_folder["out"]).FullName);

        Assert.True(manifest.WasRunning);
        Assert.Equal(("jobs", ""), (File.ReadAllText(_folder["out/headgate.db"]), File.ReadAllText(_folder["out/ledgers/1.ledger"])));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, OperatingSystem.IsWindows() ? UnixFileMode.UserRead | UnixFileMode.UserWrite : File.GetUnixFileMode(_folder["b"]));
    }

    [Fact]
    public void A_file_that_grows_is_taken_as_long_as_it_was()
    {
        File.WriteAllText(_folder["ledger"], "12345");
        using var file = File.OpenRead(_folder["ledger"]);
        using var source = new BackupSource(file);
        File.AppendAllText(_folder["ledger"], "678");

        using var copy = new MemoryStream();
        source.CopyTo(copy);

        Assert.Equal("12345", Encoding.UTF8.GetString(copy.ToArray()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_that_was_cut_off_anywhere_is_refused(bool isPacked)
    {
        Write("b", isPacked, ("headgate.db", new string('j', 5000)), ("ledgers/1.ledger", "x"));
        var whole = File.ReadAllBytes(_folder["b"]);

        // Behind the manifest are zeros only, and what the packing ends with.
        for (var length = 0; length < whole.Length - (isPacked ? 64 : 1024); length += isPacked ? 7 : 512)
        {
            File.WriteAllBytes(_folder["cut"], whole[..length]);
            Refused("cut", "nothing was restored");
        }
    }

    [Fact]
    public void One_whose_content_was_changed_is_refused()
    {
        Write("b", isPacked: false, ("headgate.db", "jobs of yesterday"));
        var bytes = File.ReadAllBytes(_folder["b"]);
        bytes[bytes.AsSpan().IndexOf("yesterday"u8)]++;
        File.WriteAllBytes(_folder["b"], bytes);

        Refused("b", "headgate.db is not what was backed up");
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/etc/passwd")]
    [InlineData("ledgers/../../evil")]
    [InlineData(".hidden")]
    [InlineData("a\\b")]
    [InlineData("a b")]
    [InlineData("a/b/c/d/e")]
    [InlineData("a//b")]
    public void A_name_that_leads_elsewhere_is_refused(string name)
    {
        using (var archive = new TarWriter(File.Create(_folder["b"])))
            archive.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream("x"u8.ToArray()) });

        Refused("b", "no backup of headgate");
        Assert.Equal(["b", "out"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    [InlineData(TarEntryType.Directory)]
    public void What_is_no_file_is_refused(TarEntryType type)
    {
        using (var archive = new TarWriter(File.Create(_folder["b"])))
        {
            var entry = new PaxTarEntry(type, "state");
            if (type != TarEntryType.Directory)
                entry.LinkName = "/etc";
            archive.WriteEntry(entry);
        }

        Refused("b", "no backup of headgate");
    }

    private void Refused(string name, string why)
    {
        if (Directory.Exists(_folder["out"]))
            Directory.Delete(_folder["out"], recursive: true);
        var refused = Assert.Throws<CommandException>(() => BackupReader.Unpack(_folder[name], Directory.CreateDirectory(_folder["out"]).FullName));
        Assert.Equal(ExitCode.Input, refused.Code);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    private void Write(string name, bool isPacked, params (string Name, string Content)[] files)
    {
        using var writer = new BackupWriter(_folder[name], isPacked, new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));
        foreach (var (file, content) in files)
        {
            File.WriteAllText(_folder["source"], content);
            writer.Add(_folder["source"], file);
        }
        File.Delete(_folder["source"]);
        writer.Finish(wasRunning: true);
    }
}
