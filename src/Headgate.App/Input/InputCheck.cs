using System.Runtime.InteropServices;
using Headgate.Jobs;

namespace Headgate.App.Input;

/// <summary>What the first reading of a file found: nothing is sent before every line of it is known to be good.</summary>
internal sealed class InputCheck
{
    /// <summary>How many bad lines are named.</summary>
    public const int NamedErrors = 20;

    // Lines of a crawl may each have a host of their own; beyond these they are counted together.
    private const int MostAuthorities = 10_000;

    private readonly List<LineError> _errors = [];
    private readonly Dictionary<string, long> _authorities = [];

    /// <summary>The lines that are requests.</summary>
    public long Requests { get; private set; }

    /// <summary>The lines that are neither requests nor blank nor comments.</summary>
    public long BadLines { get; private set; }

    /// <summary>The first of the bad lines, at most <see cref="NamedErrors"/>.</summary>
    public IReadOnlyList<LineError> Errors => _errors;

    /// <summary>SHA-256 of the file as it lies on the disk, in small hexadecimal letters.</summary>
    public string Hash { get; private set; } = "";

    /// <summary>The size of the file as it lies on the disk.</summary>
    public long Bytes { get; private set; }

    /// <summary>How many requests go to each authority (<c>https://api.example.com</c>, <c>http://localhost:8080</c>), most first.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Authorities { get; private set; } = [];

    /// <summary>Requests to authorities beyond the first 10,000.</summary>
    public long ElsewhereRequests { get; private set; }

    /// <summary>Reads a file through once.</summary>
    /// <param name="path">A file that can be read again (<see cref="InputFile.CanReadTwice"/>), or its second reading finds nothing.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="InputException">The file cannot be read.</exception>
    public static async Task<InputCheck> ReadAsync(string path, CancellationToken cancellation = default)
    {
        HashedStream? hashed = null;
        await using var file = await InputFile.OpenAsync(path, raw => hashed = new HashedStream(raw), cancellation);
        var check = new InputCheck();
        await foreach (var line in new LineSource().ReadAsync(file, cancellation))
            check.Count(line);
        try
        {
            await hashed!.CopyToAsync(Stream.Null, cancellation); // what may follow the packed data
        }
        catch (IOException failure)
        {
            throw InputException.From(path, failure);
        }
        check.Hash = hashed.Hash();
        check.Bytes = hashed.Count;
        check.MergeAuthorities();
        return check;
    }

    private void Count(InputLine line)
    {
        if (line.Error is { } error)
        {
            BadLines++;
            if (_errors.Count < NamedErrors)
                _errors.Add(error);
            return;
        }
        Requests++;
        var url = line.Request!.Url.AsSpan();
        var authority = RequestRules.AuthorityOf(url);
        var written = url[..(url.IndexOf("//") + 2 + authority.Length)];
        var lookup = _authorities.GetAlternateLookup<ReadOnlySpan<char>>();
        if (_authorities.Count < MostAuthorities || lookup.ContainsKey(written))
            CollectionsMarshal.GetValueRefOrAddDefault(lookup, written, out _)++;
        else
            ElsewhereRequests++;
    }

    // HTTPS://API.example.com:443 and https://api.example.com are one.
    private void MergeAuthorities()
    {
        var merged = new Dictionary<string, long>();
        foreach (var (written, count) in _authorities)
            CollectionsMarshal.GetValueRefOrAddDefault(merged, new Uri(written).GetLeftPart(UriPartial.Authority), out _) += count;
        Authorities = [.. merged.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)];
        _authorities.Clear();
    }
}
