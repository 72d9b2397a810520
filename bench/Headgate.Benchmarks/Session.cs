namespace Headgate.Benchmarks;

/// <summary>One benchmark as it was asked for, and where it puts its figures.</summary>
internal sealed class Session(string name, string[] arguments)
{
    public bool IsQuick { get; } = arguments.Contains("--quick");

    public Report Report { get; } = new(arguments.Contains("--million") ? $"{name} --million" : name, arguments.Contains("--quick"));

    public bool Has(string option) => arguments.Contains(option);

    /// <summary>Where <c>all</c> wants the figures as JSON; null if nobody does.</summary>
    public string? To => Array.IndexOf(arguments, "--to") is >= 0 and var at && at + 1 < arguments.Length ? arguments[at + 1] : null;

    /// <summary>As usual, or shorter: a look whether all works.</summary>
    public T Either<T>(T usual, T quick) => IsQuick ? quick : usual;
}
