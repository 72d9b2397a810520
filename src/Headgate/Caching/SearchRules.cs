namespace Headgate.Caching;

/// <summary>What answers below one path said of their queries, the newest first: by these a query that is not stored itself may be found.</summary>
internal sealed class SearchRules(params NoVarySearch[] rules) : CacheEntry
{
    private const int Most = 4;

    public static readonly SearchRules None = new();

    public IReadOnlyList<NoVarySearch> Rules => rules;

    public override long Size { get; } = 64 + rules.Sum(rule => 200 + 2L * rule.Text.Length);

    public SearchRules With(NoVarySearch rule) =>
        rules.Length > 0 && rules[0].Text == rule.Text ? this : new([rule, .. rules.Where(other => other.Text != rule.Text).Take(Most - 1)]);

    /// <summary>Where the rules of a path are found. No URL has a space in it.</summary>
    public static CacheKey KeyOf(CacheKey key) => key.At($"{Split(key.Url).Path} ");

    /// <summary>Where the answers are found that a rule makes one.</summary>
    public static CacheKey KeyOf(CacheKey key, NoVarySearch rule)
    {
        var (path, query) = Split(key.Url);
        return key.At($"{path} {rule.Text} {rule.Simplify(query)}");
    }

    private static (string Path, string Query) Split(string url) => url.IndexOf('?', StringComparison.Ordinal) is >= 0 and var at ? (url[..at], url[at..]) : (url, "");
}
