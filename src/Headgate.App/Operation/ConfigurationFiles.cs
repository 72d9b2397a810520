using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Headgate.App.Runs;
using Headgate.App.Secrets;
using Headgate.Caching;
using Headgate.Configuration;
using Headgate.Proxies;

namespace Headgate.App.Operation;

/// <summary>
/// What the files say of which a configuration is made: itself, what is put into it by <c>${file:…}</c>, the keys and certificates of each API, and the proxies of each pool, be they in files or in the encrypted store.
/// Known by their content: mounted ones change by links that lead elsewhere, of which no system tells. Immutable.
/// </summary>
internal sealed partial class ConfigurationFiles
{
    private const int Largest = 16 << 20;

    /// <summary>By API; the configuration itself under no name.</summary>
    private readonly Dictionary<string, string> _prints;

    private ConfigurationFiles(Dictionary<string, string> prints) => _prints = prints;

    /// <summary>Looks at them.</summary>
    /// <param name="sources">From what the configuration is read.</param>
    /// <param name="configuration">It, as far as it is known.</param>
    public static ConfigurationFiles Look(ConfigurationSources sources, HeadgateConfiguration configuration)
    {
        var prints = new Dictionary<string, string> { [""] = PrintOfItself(sources) };
        foreach (var pool in configuration.ProxyPools)
            prints[LiveConfiguration.OfPool + pool.Name] = string.Concat(PathsOf(pool.From.Where(source => !ProxyFile.IsAddress(source)).Append(pool.Ca)).Select(Print));
        foreach (var api in configuration.Upstreams)
            if (FilesOf(api).ToList() is { Count: > 0 } files)
                prints[api.Name] = string.Concat(files.Select(Print));
        return new ConfigurationFiles(prints);
    }

    /// <summary>Whether all of them say what the others do.</summary>
    public bool IsSame(ConfigurationFiles other) => _prints.Count == other._prints.Count && _prints.All(print => other._prints.GetValueOrDefault(print.Key) == print.Value);

    /// <summary>The APIs of whose own files some say something else than before.</summary>
    public IReadOnlySet<string> Renewed(ConfigurationFiles before) =>
        _prints.Where(print => print.Key.Length > 0 && before._prints.TryGetValue(print.Key, out var known) && known != print.Value).Select(print => print.Key).ToHashSet();

    private static IEnumerable<string> FilesOf(UpstreamConfiguration api) =>
        PathsOf([.. api.Keys?.From ?? [], api.Tls.Ca, api.Tls.ClientCertificate, api.Tls.Password]);

    private static IEnumerable<string> PathsOf(IEnumerable<string?> sources) =>
        sources.OfType<string>()
            .Where(source => !source.StartsWith("env:", StringComparison.Ordinal))
            .Select(source => source.StartsWith("file:", StringComparison.Ordinal) ? source[5..] : source.StartsWith(Scalars.FromStore, StringComparison.Ordinal) ? SecretStore.OfProcess().File : source);

    private static string PrintOfItself(ConfigurationSources sources)
    {
        var place = sources.File ?? ConfigurationReader.Find(sources);
        if (place is null || Read(Path.Combine(sources.Directory, place)) is not { } content)
            return place ?? "";
        var directory = Path.GetDirectoryName(Path.GetFullPath(place, sources.Directory))!;
        // Mostly there is none, and nobody else needs regular expressions.
        var put = content.AsSpan().IndexOf("${file:"u8) < 0 ? [] : PutIn().Matches(Encoding.UTF8.GetString(content)).Select(match => Print(Path.Combine(directory, match.Groups["path"].Value)));
        return place + Print(content) + string.Concat(put);
    }

    private static string Print(string path) => Read(path) is { } content ? Print(content) : "-";

    private static string Print(byte[] content) => TextHash.Of(content).ToString("x16", CultureInfo.InvariantCulture);

    private static byte[]? Read(string path)
    {
        try
        {
            return BoundedFile.ReadAllBytes(path, Largest);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\$\{file:(?<path>[^}""\\]+)\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PutIn();
}
