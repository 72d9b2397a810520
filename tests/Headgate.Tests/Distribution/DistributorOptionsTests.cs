using Headgate.App.Distribution;
using Headgate.Configuration;

namespace Headgate.Tests.Distribution;

public sealed class DistributorOptionsTests
{
    [Fact]
    public void Without_variables_it_is_what_the_original_was()
    {
        var options = Read(null);

        Assert.Equal((false, "full-scale", 2000, 1000, 10), (options.IsOn, options.Mode, options.Calls, options.RateLimit, options.BatchSize));
        Assert.Equal((500, 3000), (options.LeastLatency.TotalMilliseconds, options.MostLatency.TotalMilliseconds));
        Assert.Equal(["key1", "key2", "key3"], options.Keys);
        Assert.Equal("1000/min", options.KeyLimit.ToString());
    }

    [Theory]
    [InlineData("true", null, true, "test", 50)]
    [InlineData("TRUE", null, true, "full-scale", 2000)]
    [InlineData("false", null, true, "full-scale", 2000)]
    [InlineData("false", true, true, "test", 50)]
    [InlineData("true", false, true, "full-scale", 2000)]
    [InlineData(null, true, true, "test", 50)]
    public void The_mode_is_said_by_the_flag_or_by_TEST_MODE(string? variable, bool? flag, bool isOn, string mode, int calls)
    {
        var options = Read(flag, variable is null ? [] : [("TEST_MODE", variable)]);

        Assert.Equal((isOn, mode, calls), (options.IsOn, options.Mode, options.Calls));
    }

    [Fact]
    public void Each_mode_has_variables_of_its_own()
    {
        (string, string)[] variables = [("TEST_REQUESTS_COUNT", "5"), ("TEST_MIN_LATENCY", "1"), ("TEST_MAX_LATENCY", "2"), ("PROD_REQUESTS_COUNT", "7"), ("PROD_MIN_LATENCY", "3"), ("PROD_MAX_LATENCY", "4"), ("API_KEYS", "a, b,,a"), ("RATE_LIMIT", "9"), ("BATCH_SIZE", "11")];

        var (test, prod) = (Read(true, variables), Read(false, variables));

        Assert.Equal((5, 1.0, 2.0, 9, 11), (test.Calls, test.LeastLatency.TotalMilliseconds, test.MostLatency.TotalMilliseconds, test.RateLimit, test.BatchSize));
        Assert.Equal((7, 3.0, 4.0), (prod.Calls, prod.LeastLatency.TotalMilliseconds, prod.MostLatency.TotalMilliseconds));
        Assert.Equal(["a", "b"], test.Keys);
    }

    [Fact]
    public void All_that_is_wrong_is_told_under_its_name()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => Read(true, ("TEST_REQUESTS_COUNT", "many"), ("RATE_LIMIT", "0"), ("PROD_REQUESTS_COUNT", "many")));

        Assert.Equal(["env TEST_REQUESTS_COUNT: must be a whole number from 1 to 100000, not \"many\"", "env RATE_LIMIT: must be a whole number from 1 to 1000000000, not \"0\""], wrong.Errors.Select(error => error.ToString()));
        Assert.Contains("TEST_MIN_LATENCY", Assert.Throws<ConfigurationException>(() => Read(true, ("TEST_MIN_LATENCY", "100"))).Message, StringComparison.Ordinal);
    }

    private static DistributorOptions Read(bool? isTest, params (string Name, string Value)[] variables) => DistributorOptions.Read(variables.ToDictionary(variable => variable.Name, variable => variable.Value), isTest);
}
