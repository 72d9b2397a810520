using System.Text;
using System.Text.Json;

namespace Headgate.Benchmarks;

/// <summary>What one benchmark has to say: printed as a table with the hold beside each figure, and kept for <c>all</c> as JSON.</summary>
internal sealed record Report(string Name, bool IsQuick)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Date { get; init; } = $"{DateTime.UtcNow:yyyy-MM-dd}";

    /// <summary>How much of the machine others used meanwhile, from 0 to 1.</summary>
    public double Others { get; set; }

    public List<Figure> Figures { get; init; } = [];

    public bool IsMissed => Figures.Exists(figure => figure is { Decides: true, IsHeld: false });

    /// <summary>A figure about which nothing is promised.</summary>
    public void Add(string what, string value) => Figures.Add(new Figure(what, value));

    /// <summary>A figure that is to hold, and whose miss fails the benchmark.</summary>
    public void Hold(string what, string value, string hold, bool isHeld) => Figures.Add(new Figure(what, value, hold, isHeld, Decides: true));

    /// <summary>A time that is to hold on a machine of one's own.</summary>
    public void HoldTime(string what, string value, string hold, bool isHeld) => Figures.Add(new Figure(what, value, hold, isHeld));

    public static Report Read(string path) => JsonSerializer.Deserialize<Report>(File.ReadAllText(path))!;

    public void WriteTo(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, Indented));

    public override string ToString()
    {
        var (what, value) = (Widest(figure => figure.What), Widest(figure => figure.Value));
        var text = new StringBuilder($"{Name}{(IsQuick ? " --quick" : "")}: {Date}, {Machine.Description}, others used {Others * 100:0} % of it\n");
        foreach (var figure in Figures)
            text.Append($"  {figure.What.PadRight(what)}  {figure.Value.PadLeft(value)}  {HoldOf(figure)}".TrimEnd()).Append('\n');
        return text.ToString();
    }

    private static string HoldOf(Figure figure) => figure.Hold is null ? "" : $"hold {figure.Hold}{figure.IsHeld switch { true => "", false => "  MISSED", _ => "  not judged" }}";

    private int Widest(Func<Figure, string> text) => Figures.Count == 0 ? 0 : Figures.Max(figure => text(figure).Length);
}
