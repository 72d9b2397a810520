using System.Text;
using Headgate.Backends.Sqlite;
using Headgate.Caching;
using Headgate.Time;

namespace Headgate.IntegrationTests.Caching;

/// <summary>A cache with its archive in a folder, which ends, dies and begins again; and an API that answers what it is told to.</summary>
internal sealed class KeptWorld : IAsyncDisposable
{
    private readonly long _memory;
    private readonly long _disk;
    private string _folder = Directory.CreateTempSubdirectory("headgate-kept-").FullName;
    private SqliteCache? _archive;

    public KeptWorld(long memory = 1 << 20, long disk = 64 << 20)
    {
        (_memory, _disk) = (memory, disk);
        Begin();
    }

    public CacheRules Rules { get; set; } = new();

    public AnswerCache Cache { get; private set; } = null!;

    public SqliteCache Archive => _archive!;

    /// <summary>Batches are written when somebody asks for that: its timers stand still.</summary>
    public VirtualTime Time { get; } = new();

    /// <summary>Milliseconds since the Unix epoch.</summary>
    public long Now { get; set; } = 1_767_225_600_000;

    public List<string> Notices { get; } = [];

    public string File => Path.Combine(_folder, "cache.db");

    /// <summary>It ends in good order and begins again.</summary>
    public async Task RestartAsync()
    {
        await EndAsync();
        Begin();
    }

    public async Task EndAsync()
    {
        if (_archive is not null)
            await _archive.DisposeAsync();
        _archive = null;
    }

    /// <summary>It dies as it is: what begins again has the files as they are now.</summary>
    public async Task DieAsync()
    {
        var left = Directory.CreateTempSubdirectory("headgate-kept-").FullName;
        foreach (var file in Directory.GetFiles(_folder).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
            System.IO.File.Copy(file, Path.Combine(left, Path.GetFileName(file)));
        await EndAsync();
        Directory.Delete(_folder, recursive: true);
        _folder = left;
        Begin();
    }

    public void Begin()
    {
        _archive = SqliteCache.Open(File, _disk, Time, Notices.Add);
        Cache = new AnswerCache(_memory, _archive);
    }

    /// <summary>Asks; what is served of the cache, null if the API must be asked.</summary>
    public (ReuseDecision Decision, ServedAnswer? Served) Look(string url, string fields = "")
    {
        var request = RequestOf("GET", url, fields);
        var decision = Cache.Decide(request, Now);
        return (decision, decision.IsHit ? ServedAnswer.Of(request, decision.Stored!, Now) : null);
    }

    /// <summary>What an API answers to a request that the cache has nothing for.</summary>
    public bool Keep(string url, string fields, int status, FieldList answer, byte[] body, string method = "GET")
    {
        var request = RequestOf(method, url, fields);
        var received = new ReceivedAnswer(status, null, answer, Now, Now, body);
        var receipt = Cache.Receive(request, Cache.Decide(request, Now), received with { Body = default });
        var isKept = receipt.Kind == ReceiptKind.Freshened;
        if (receipt.Kind == ReceiptKind.Keep)
            Cache.Keep(request, receipt, received, out isKept);
        return isKept;
    }

    public CacheRequest RequestOf(string method, string url, string fields) => CacheRequest.Of(Rules, method, new Uri(url), FieldsOf(fields), hasBody: false);

    public static FieldList FieldsOf(string lines) => new(
    [
        .. from line in lines.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
           let colon = line.IndexOf(':', StringComparison.Ordinal)
           select new Field(line[..colon], line[(colon + 1)..].Trim()),
    ]);

    /// <summary>All that is in the files, as letters.</summary>
    public string Written() => string.Concat(Directory.GetFiles(_folder).Select(file => Encoding.Latin1.GetString(ReadBeside(file))));

    public IEnumerable<string> Files() => Directory.GetFiles(_folder);

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static byte[] ReadBeside(string path)
    {
        if (path.EndsWith(".lock", StringComparison.Ordinal))
            return [];
        using var file = Headgate.Ledgers.LockedFile.OpenToRead(path);
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }
}
