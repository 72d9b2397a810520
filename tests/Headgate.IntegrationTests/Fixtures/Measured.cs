namespace Headgate.IntegrationTests.Fixtures;

/// <summary>
/// Tests whose times are judged: mark the class with <c>[Collection(Measured.Alone)]</c>, and nothing else runs beside it, after all
/// other tests.
/// </summary>
[CollectionDefinition(Alone, DisableParallelization = true)]
public sealed class Measured
{
    public const string Alone = "measured";

    /// <summary>Whether every figure is wanted as stated (<c>./test --long</c>): 30 kills for 5, a minute for a second.</summary>
    public static bool IsLong => Environment.GetEnvironmentVariable("HEADGATE_TEST_LONG") == "1";
}
