namespace Headgate.IntegrationTests.Runs;

/// <summary>Lines of input.</summary>
internal static class Requests
{
    /// <summary>GETs of items that the simulator tells apart: ids <c>i1</c>, <c>i2</c>…</summary>
    public static IEnumerable<string> Items(string url, int count, string path = "/x") => Enumerable.Range(1, count).Select(n => Item(url, n, path));

    public static string Item(string url, int n, string path = "/x", string more = "") => $$"""{"id":"i{{n}}","url":"{{url}}{{path}}?item=i{{n}}"{{more}}}""";

    /// <summary>A line with members of its own behind url.</summary>
    public static string Line(string id, string url, string more = "") => $$"""{"id":"{{id}}","url":"{{url}}"{{(more.Length > 0 ? "," : "")}}{{more}}}""";
}
